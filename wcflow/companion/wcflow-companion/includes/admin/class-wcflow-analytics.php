<?php
/**
 * Segment and tags in WooCommerce → Customers, and in its CSV export.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Adds two fields to the report of customers.
 */
class Wcflow_Analytics {

	/**
	 * Rows of people: by id of the user, and by address.
	 *
	 * @var array[]
	 */
	private static $rows = array( array(), array() );

	/**
	 * Hook up the report.
	 */
	public static function init() {
		add_filter( 'woocommerce_analytics_customers_select_query', array( __CLASS__, 'load' ) );
		add_filter( 'woocommerce_rest_prepare_report_customers', array( __CLASS__, 'add_fields' ), 10, 2 );
		add_filter( 'woocommerce_report_customers_export_columns', array( __CLASS__, 'export_columns' ) );
		add_filter( 'woocommerce_report_customers_prepare_export_item', array( __CLASS__, 'export_item' ), 10, 2 );
		add_action( 'admin_enqueue_scripts', array( __CLASS__, 'script' ) );
	}

	/**
	 * Read the people of one page of the report.
	 *
	 * @param object $report Page of the report.
	 * @return object
	 */
	public static function load( $report ) {
		$data = is_object( $report ) && isset( $report->data ) && is_array( $report->data ) ? $report->data : array();
		self::read( array_filter( $data, 'is_array' ) );
		return $report;
	}

	/**
	 * Read the people of some customers.
	 *
	 * @param array[] $customers Customers of the report.
	 */
	private static function read( $customers ) {
		$users  = array_filter( array_map( 'absint', array_column( $customers, 'user_id' ) ) );
		$emails = array_filter( array_map( array( 'Wcflow_Cards', 'email' ), array_column( $customers, 'email' ) ), 'strlen' );

		self::$rows[0] += Wcflow_People::find_many_by_customers( $users ) + array_fill_keys( $users, null );
		self::$rows[1] += Wcflow_People::find_many_by_emails( $emails ) + array_fill_keys( $emails, null );
	}

	/**
	 * Return segment and tags of a customer of the report.
	 *
	 * @param array $customer Customer.
	 * @return array
	 */
	private static function fields( $customer ) {
		$user  = isset( $customer['user_id'] ) ? absint( $customer['user_id'] ) : 0;
		$email = isset( $customer['email'] ) ? Wcflow_Cards::email( $customer['email'] ) : '';
		if ( ( $user && ! array_key_exists( $user, self::$rows[0] ) ) || ( '' !== $email && ! array_key_exists( $email, self::$rows[1] ) ) ) {
			self::read( array( $customer ) );
		}
		$row = $user && isset( self::$rows[0][ $user ] ) ? self::$rows[0][ $user ] : null;
		if ( ! $row && isset( self::$rows[1][ $email ] ) ) {
			$row = self::$rows[1][ $email ];
		}
		return array(
			'wcflow_person'  => $row ? (int) $row['person'] : 0,
			'wcflow_segment' => $row ? (string) $row['segment'] : '',
			'wcflow_tags'    => $row ? implode( ', ', (array) $row['tags'] ) : '',
		);
	}

	/**
	 * Add the fields to one customer of the report.
	 *
	 * @param WP_REST_Response $response Response.
	 * @param array            $report   Customer.
	 * @return WP_REST_Response
	 */
	public static function add_fields( $response, $report ) {
		$response->set_data( array_merge( (array) $response->get_data(), self::fields( (array) $report ) ) );
		return $response;
	}

	/**
	 * Add the columns of the export.
	 *
	 * @param array $columns Columns.
	 * @return array
	 */
	public static function export_columns( $columns ) {
		$columns['wcflow_segment'] = __( 'Segment', 'wcflow-companion' );
		$columns['wcflow_tags']    = __( 'Tags', 'wcflow-companion' );
		return $columns;
	}

	/**
	 * Add the values of the export.
	 *
	 * @param array $values Values.
	 * @param array $item   Customer.
	 * @return array
	 */
	public static function export_item( $values, $item ) {
		$fields                   = isset( $item['wcflow_segment'] ) ? (array) $item : self::fields( (array) $item );
		$values['wcflow_segment'] = $fields['wcflow_segment'];
		$values['wcflow_tags']    = $fields['wcflow_tags'];
		return $values;
	}

	/**
	 * Load the script that adds the columns to the table.
	 */
	public static function script() {
		$screen = get_current_screen();
		if ( ! $screen || 'woocommerce_page_wc-admin' !== $screen->id ) {
			return;
		}
		wp_enqueue_script( 'wcflow-analytics', plugins_url( 'assets/analytics.js', WCFLOW_COMPANION_FILE ), array( 'wp-hooks', 'wp-element' ), WCFLOW_COMPANION_VERSION, true );
		wp_localize_script(
			'wcflow-analytics',
			'wcflowAnalytics',
			array(
				'segment' => __( 'Segment', 'wcflow-companion' ),
				'tags'    => __( 'Tags', 'wcflow-companion' ),
				'page'    => Wcflow_Html::url( 'customer' ) . '&person=',
				'list'    => Wcflow_Html::url( 'customers' ) . '&segment=',
			)
		);
	}
}
