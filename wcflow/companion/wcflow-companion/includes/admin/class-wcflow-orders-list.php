<?php
/**
 * Segment and tags in the list of orders, in either storage.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Adds columns, filters and bulk actions to Orders. Guests are known by their billing address.
 */
class Wcflow_Orders_List {

	/**
	 * Rows of people by id of the order.
	 *
	 * @var array
	 */
	private static $rows = array();

	/**
	 * Open requests by person.
	 *
	 * @var Wcflow_Pending[]
	 */
	private static $pending = array();

	/**
	 * Hook up the list of either storage.
	 */
	public static function init() {
		foreach ( array( 'woocommerce_shop_order_list_table_columns', 'manage_edit-shop_order_columns' ) as $hook ) {
			add_filter( $hook, array( __CLASS__, 'columns' ), 20 );
		}
		foreach ( array( 'woocommerce_shop_order_list_table_sortable_columns', 'manage_edit-shop_order_sortable_columns' ) as $hook ) {
			add_filter( $hook, array( 'Wcflow_Users_List', 'sortable' ) );
		}
		add_action( 'woocommerce_shop_order_list_table_custom_column', array( __CLASS__, 'column' ), 10, 2 );
		add_action( 'manage_shop_order_posts_custom_column', array( __CLASS__, 'post_column' ), 10, 2 );
		add_action( 'woocommerce_order_list_table_restrict_manage_orders', array( __CLASS__, 'filters' ), 20, 2 );
		add_action( 'restrict_manage_posts', array( __CLASS__, 'filters' ), 20, 2 );
		add_filter( 'woocommerce_shop_order_list_table_prepare_items_query_args', array( __CLASS__, 'prepare' ) );
		Wcflow_Orders_Query::init();
		add_action( 'current_screen', array( __CLASS__, 'bulk' ) );
		add_action( 'admin_notices', array( __CLASS__, 'notices' ) );
	}

	/**
	 * Return whether this is the list of orders, in either storage.
	 *
	 * @return bool
	 */
	private static function is_list() {
		$screen = get_current_screen();
		return $screen && in_array( $screen->id, self::screens(), true );
	}

	/**
	 * Return the ids of the screens of both storages.
	 *
	 * @return string[]
	 */
	private static function screens() {
		return array_unique( array( 'edit-shop_order', function_exists( 'wc_get_page_screen_id' ) ? wc_get_page_screen_id( 'shop-order' ) : '' ) );
	}

	/**
	 * Hook up the bulk actions, whose names have the screen.
	 */
	public static function bulk() {
		foreach ( self::screens() as $screen ) {
			add_filter( 'bulk_actions-' . $screen, array( 'Wcflow_Bulk', 'actions' ), 20 );
			add_filter( 'handle_bulk_actions-' . $screen, array( __CLASS__, 'handle_bulk' ), 20, 3 );
		}
	}

	/**
	 * Add the columns before the total.
	 *
	 * @param array $columns Columns.
	 * @return array
	 */
	public static function columns( $columns ) {
		$more = array(
			'wcflow_segment' => __( 'Segment', 'wcflow-companion' ),
			'wcflow_tags'    => __( 'Customer tags', 'wcflow-companion' ),
		);
		$at   = array_search( 'order_total', array_keys( $columns ), true );
		$at   = false === $at ? count( $columns ) : $at;
		return array_slice( $columns, 0, $at, true ) + $more + array_slice( $columns, $at, null, true );
	}

	/**
	 * Print a column of an order.
	 *
	 * @param string   $column Column.
	 * @param WC_Order $order  Order.
	 */
	public static function column( $column, $order ) {
		if ( 'wcflow_segment' !== $column && 'wcflow_tags' !== $column ) {
			return;
		}
		if ( ! array_key_exists( $order->get_id(), self::$rows ) ) {
			self::load( self::owners( array( $order ) ) );
		}
		self::print_cell( $column, self::$rows[ $order->get_id() ] );
	}

	/**
	 * Print the segment or the tags of a person.
	 *
	 * @param string     $column Column.
	 * @param array|null $row    Row of the person, or null.
	 */
	private static function print_cell( $column, $row ) {
		$pending = $row && isset( self::$pending[ $row['person'] ] ) ? self::$pending[ $row['person'] ] : null;
		$base    = 'edit-shop_order' === get_current_screen()->id ? 'edit.php?post_type=shop_order' : 'admin.php?page=wc-orders';
		echo 'wcflow_segment' === $column ? Wcflow_Html::segment_cell( $row, $base ) : Wcflow_Html::tags_cell( $row, $base, $pending ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
	}

	/**
	 * Print a column of an order in the posts storage.
	 *
	 * @param string $column  Column.
	 * @param int    $post_id Order.
	 */
	public static function post_column( $column, $post_id ) {
		global $wp_query;
		if ( 'wcflow_segment' !== $column && 'wcflow_tags' !== $column ) {
			return;
		}
		if ( ! array_key_exists( $post_id, self::$rows ) ) {
			$ids = empty( $wp_query->posts ) ? array() : wp_list_pluck( $wp_query->posts, 'ID' );
			self::load( self::post_owners( array_merge( $ids, array( $post_id ) ) ) );
		}
		self::print_cell( $column, self::$rows[ $post_id ] );
	}

	/**
	 * Return the account and the address of orders in the posts storage, by id: WordPress has read their meta already,
	 * and order objects would take many times as long.
	 *
	 * @param int[] $ids Ids of orders.
	 * @return array[]
	 */
	private static function post_owners( $ids ) {
		$owners = array();
		foreach ( $ids as $id ) {
			$owners[ $id ] = array( (int) get_post_meta( $id, '_customer_user', true ), (string) get_post_meta( $id, '_billing_email', true ) );
		}
		return $owners;
	}

	/**
	 * Return the account and the address of orders, by id.
	 *
	 * @param array $orders Orders; what is none is left out.
	 * @return array[]
	 */
	private static function owners( $orders ) {
		$owners = array();
		foreach ( $orders as $order ) {
			if ( $order instanceof WC_Order ) {
				$owners[ $order->get_id() ] = array( $order->get_customer_id(), $order->get_billing_email() );
			}
		}
		return $owners;
	}

	/**
	 * Read the people of many orders at once.
	 *
	 * @param array[] $owners Account and address by id of the order.
	 */
	private static function load( $owners ) {
		$by_user  = Wcflow_People::find_many_by_customers( array_unique( array_column( $owners, 0 ) ) );
		$by_email = Wcflow_People::find_many_by_emails( array_unique( array_filter( array_column( $owners, 1 ) ) ) );
		foreach ( $owners as $id => $owner ) {
			$email = Wcflow_Cards::email( $owner[1] );
			$row   = isset( $by_email[ $email ] ) ? $by_email[ $email ] : null;

			self::$rows[ $id ] = isset( $by_user[ $owner[0] ] ) ? $by_user[ $owner[0] ] : $row;
		}
		self::$pending += Wcflow_Pending::for_many( self::$rows );
	}

	/**
	 * Print the field of the bulk actions, and the filters.
	 *
	 * @param string $type  Type of the orders or posts.
	 * @param string $which top or bottom.
	 */
	public static function filters( $type, $which ) {
		if ( 'shop_order' !== $type || 'top' !== $which ) {
			return;
		}
		Wcflow_Html::list_filters();
		Wcflow_Bulk::tag_field( $which );
	}

	/**
	 * Wait for the orders that the list finds.
	 *
	 * @param array $args Arguments of wc_get_orders().
	 * @return array
	 */
	public static function prepare( $args ) {
		add_filter( 'woocommerce_order_query', array( __CLASS__, 'remember' ) );
		return $args;
	}

	/**
	 * Read the people of the orders that the list shows.
	 *
	 * @param object|array $found Orders that were found.
	 * @return object|array
	 */
	public static function remember( $found ) {
		if ( is_object( $found ) && isset( $found->orders ) ) {
			remove_filter( 'woocommerce_order_query', array( __CLASS__, 'remember' ), 10 );
			self::load( self::owners( $found->orders ) );
		}
		return $found;
	}

	/**
	 * Do a bulk action.
	 *
	 * @param string $back   Where to go.
	 * @param string $action Bulk action.
	 * @param int[]  $ids    Orders.
	 * @return string
	 */
	public static function handle_bulk( $back, $action, $ids ) {
		if ( 'wcflow_tag_add' !== $action && 'wcflow_tag_remove' !== $action ) {
			return $back;
		}
		self::load( self::owners( array_map( 'wc_get_order', $ids ) ) );
		return Wcflow_Bulk::handle( $back, $action, array_filter( array_intersect_key( self::$rows, array_flip( $ids ) ) ), count( $ids ) );
	}

	/**
	 * Print what became of a bulk action.
	 */
	public static function notices() {
		if ( self::is_list() ) {
			Wcflow_Bulk::notices();
		}
	}
}
