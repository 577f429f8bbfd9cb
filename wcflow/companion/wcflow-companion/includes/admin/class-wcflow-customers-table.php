<?php
/**
 * The list of customers in WooCommerce → wcflow.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

if ( ! class_exists( 'WP_List_Table' ) ) {
	require_once ABSPATH . 'wp-admin/includes/class-wp-list-table.php';
}

/**
 * Searches, filters, sorts and changes customers. Reads the plugin's own tables only.
 */
class Wcflow_Customers_Table extends WP_List_Table {

	const FILTERS = array( 's', 'segment', 'tag', 'group', 'company', 'status', 'orderby', 'order' );

	/**
	 * Open requests by person.
	 *
	 * @var Wcflow_Pending[]
	 */
	private $pending = array();

	/**
	 * Name the list.
	 */
	public function __construct() {
		parent::__construct(
			array(
				'singular' => 'customer',
				'plural'   => 'customers',
				'ajax'     => false,
				'screen'   => get_current_screen(),
			)
		);
	}

	/**
	 * Return what the address asks for, as arguments of Wcflow_People::query().
	 *
	 * @return array
	 */
	public static function query_args() {
		$args = array();
		foreach ( self::FILTERS as $name ) {
			$value = Wcflow_Bulk::chosen( $name );
			if ( '' !== $value ) {
				$args[ 's' === $name ? 'search' : $name ] = $value;
			}
		}
		$args['order'] = isset( $args['order'] ) && 'asc' === strtolower( $args['order'] ) ? 'asc' : 'desc';
		if ( ! isset( $args['orderby'] ) || ! in_array( $args['orderby'], array( 'name', 'spent', 'orders', 'last_order', 'segment' ), true ) ) {
			$args['orderby'] = 'spent';
		}
		return $args;
	}

	/**
	 * Return the filters of the address, without those that are empty.
	 *
	 * @return array
	 */
	public static function filters() {
		$filters = array();
		foreach ( self::FILTERS as $name ) {
			$value = Wcflow_Bulk::chosen( $name );
			if ( '' !== $value ) {
				$filters[ $name ] = $value;
			}
		}
		return $filters;
	}

	/**
	 * Read the page that is shown.
	 */
	public function prepare_items() {
		$per_page             = $this->get_items_per_page( 'wcflow_per_page', 20 );
		$args                 = self::query_args();
		$args['page']         = $this->get_pagenum();
		$args['per_page']     = $per_page;
		list( $rows, $total ) = Wcflow_People::query( $args );
		$this->items          = array_map(
			function ( $row ) {
				return new Wcflow_Card( $row );
			},
			$rows
		);
		$this->set_pagination_args(
			array(
				'total_items' => (int) $total,
				'per_page'    => $per_page,
			)
		);
		$this->pending = Wcflow_Pending::for_many( $rows );
	}

	/**
	 * Print the list with its search, filters and bulk actions.
	 */
	public function render() {
		Wcflow_Bulk::notices();
		echo '<form id="wcflow-filter" method="get" class="wcflow-search">';
		echo '<input type="hidden" name="page" value="wcflow"><input type="hidden" name="tab" value="customers">';
		$this->search_box( __( 'Search customers', 'wcflow-companion' ), 'wcflow' );
		if ( Wcflow_Admin::may_edit() && $this->has_items() ) {
			echo '<a class="button" href="' . esc_url( Wcflow_Export::url( self::filters() ) ) . '">' . esc_html__( 'Export CSV', 'wcflow-companion' ) . '</a>';
		}
		echo '</form>';
		echo '<form method="post" action="' . esc_url( Wcflow_Html::url( 'customers', self::filters() ) ) . '">';
		if ( Wcflow_Admin::may_edit() ) {
			Wcflow_Requests::print_generation( $this->items ? reset( $this->items )->text( 'generation' ) : '' );
			Wcflow_Select_All::line( count( $this->items ), (int) $this->get_pagination_arg( 'total_items' ) );
		}
		$this->display();
		echo '</form>';
	}

	/**
	 * Return the columns.
	 *
	 * @return array
	 */
	public function get_columns() {
		$columns = array(
			'cb'         => '<input type="checkbox">',
			'name'       => __( 'Name', 'wcflow-companion' ),
			'email'      => __( 'Email', 'wcflow-companion' ),
			'segment'    => __( 'Segment', 'wcflow-companion' ),
			'tags'       => __( 'Tags', 'wcflow-companion' ),
			'orders'     => __( 'Orders', 'wcflow-companion' ),
			'spent'      => __( 'Total spent', 'wcflow-companion' ),
			'last_order' => __( 'Last order', 'wcflow-companion' ),
			'status'     => __( 'Status', 'wcflow-companion' ),
		);
		if ( ! Wcflow_Admin::may_edit() ) {
			unset( $columns['cb'] );
		}
		return $columns;
	}

	/**
	 * Return the columns that sort.
	 *
	 * @return array
	 */
	protected function get_sortable_columns() {
		return array(
			'name'       => array( 'name', false ),
			'segment'    => array( 'segment', false ),
			'orders'     => array( 'orders', true ),
			'spent'      => array( 'spent', true, '', '', 'desc' ),
			'last_order' => array( 'last_order', true ),
		);
	}

	/**
	 * Return the column that stays on narrow screens.
	 *
	 * @return string
	 */
	protected function get_default_primary_column_name() {
		return 'name';
	}

	/**
	 * Return the bulk actions.
	 *
	 * @return array
	 */
	protected function get_bulk_actions() {
		return Wcflow_Customers_Bulk::actions();
	}

	/**
	 * Print the fields of the bulk actions, the filters and the export.
	 *
	 * @param string $which top or bottom.
	 */
	protected function extra_tablenav( $which ) {
		if ( 'top' !== $which ) {
			return;
		}
		if ( Wcflow_Admin::may_edit() ) {
			Wcflow_Customers_Bulk::fields();
		}
		echo '<div class="alignleft actions wcflow-filters">';
		$kinds = array(
			'segment' => array( 'segments', __( 'All segments', 'wcflow-companion' ), __( 'Filter by segment', 'wcflow-companion' ) ),
			'tag'     => array( 'tags', __( 'All tags', 'wcflow-companion' ), __( 'Filter by tag', 'wcflow-companion' ) ),
			'group'   => array( 'groups', __( 'All groups', 'wcflow-companion' ), __( 'Filter by group', 'wcflow-companion' ) ),
			'company' => array( 'companies', __( 'All companies', 'wcflow-companion' ), __( 'Filter by company', 'wcflow-companion' ) ),
		);
		$html  = '';
		foreach ( $kinds as $name => $kind ) {
			$options = Wcflow_Html::options( $kind[0] );
			$chosen  = Wcflow_Bulk::chosen( $name );
			if ( $options || '' !== $chosen ) {
				$html .= Wcflow_Html::select( $name, $kind[2], $kind[1], $options, $chosen );
			}
		}
		$states = array(
			'active'   => __( 'Active', 'wcflow-companion' ),
			'inactive' => __( 'Inactive', 'wcflow-companion' ),
		);
		$html  .= Wcflow_Html::select( 'status', __( 'Filter by status', 'wcflow-companion' ), __( 'Any status', 'wcflow-companion' ), $states, Wcflow_Bulk::chosen( 'status' ) );
		echo str_replace( '<select ', '<select form="wcflow-filter" ', $html ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
		echo '<button type="submit" class="button" form="wcflow-filter">' . esc_html__( 'Filter', 'wcflow-companion' ) . '</button>';
		if ( array_diff_key( self::filters(), array_flip( array( 'orderby', 'order' ) ) ) ) {
			echo ' <a class="button-link wcflow-clear" href="' . esc_url( Wcflow_Html::url( 'customers' ) ) . '">' . esc_html__( 'Clear filters', 'wcflow-companion' ) . '</a>';
		}
		echo '</div>';
	}

	/**
	 * Print the checkbox.
	 *
	 * @param Wcflow_Card $card Person.
	 * @return string
	 */
	protected function column_cb( $card ) {
		$id = 'wcflow-cb-' . $card->person();
		/* translators: %s: name of the customer */
		$words = sprintf( __( 'Select %s', 'wcflow-companion' ), $card->title() );
		return '<label class="screen-reader-text" for="' . esc_attr( $id ) . '">' . esc_html( $words ) . '</label><input type="checkbox" id="' . esc_attr( $id ) . '" name="customer[]" value="' . $card->person() . '">';
	}

	/**
	 * Return the name, which leads to the customer's page.
	 *
	 * @param Wcflow_Card $card Person.
	 * @return string
	 */
	protected function column_name( $card ) {
		$url  = Wcflow_Html::person_url( $card->person() );
		$html = '<a class="row-title" href="' . esc_url( $url ) . '"><bdi>' . esc_html( $card->title() ) . '</bdi></a>';
		if ( '' !== $card->text( 'company' ) ) {
			$html .= '<br><span class="wcflow-meta"><bdi>' . esc_html( $card->text( 'company' ) ) . '</bdi></span>';
		}
		$actions = array( 'view' => '<a href="' . esc_url( $url ) . '">' . esc_html__( 'View', 'wcflow-companion' ) . '</a>' );
		$account = (int) $card->text( 'customer_id' );
		if ( $account && current_user_can( 'edit_user', $account ) ) {
			$actions['profile'] = '<a href="' . esc_url( get_edit_user_link( $account ) ) . '">' . esc_html__( 'Edit profile', 'wcflow-companion' ) . '</a>';
		} elseif ( ! $account ) {
			$actions['guest'] = '<span>' . esc_html__( 'Guest', 'wcflow-companion' ) . '</span>';
		}
		return $html . $this->row_actions( $actions );
	}

	/**
	 * Return the other columns.
	 *
	 * @param Wcflow_Card $card   Person.
	 * @param string      $column Column.
	 * @return string
	 */
	protected function column_default( $card, $column ) {
		switch ( $column ) {
			case 'email':
				$email = $card->text( 'email' );
				return '' === $email ? '–' : '<a href="' . esc_url( 'mailto:' . $email ) . '"><bdi>' . esc_html( $email ) . '</bdi></a>';
			case 'segment':
				$segment = $card->text( 'segment' );
				return Wcflow_Html::segment( $segment, '' === $segment ? '' : Wcflow_Html::url( 'customers', array( 'segment' => $segment ) ) );
			case 'tags':
				$link = function ( $tag ) {
					return Wcflow_Html::url( 'customers', array( 'tag' => $tag ) );
				};
				return Wcflow_Html::open_tags( $card, isset( $this->pending[ $card->person() ] ) ? $this->pending[ $card->person() ] : null, $link );
			case 'orders':
				return esc_html( number_format_i18n( (int) $card->text( 'orders' ) ) );
			case 'spent':
				return Wcflow_Html::money( $card->text( 'spent' ), $card->text( 'currency' ), '–' );
			case 'last_order':
				return Wcflow_Html::date( $card->text( 'last_order' ), '–' );
			case 'status':
				return $this->status( $card );
		}
		return '';
	}

	/**
	 * Return the status with what waits for the daemon.
	 *
	 * @param Wcflow_Card $card Person.
	 * @return string
	 */
	private function status( $card ) {
		$words = array(
			'active'   => __( 'Active', 'wcflow-companion' ),
			'inactive' => __( 'Inactive', 'wcflow-companion' ),
		);
		$state = 'inactive' === $card->text( 'status' ) ? 'inactive' : 'active';
		$next  = isset( $this->pending[ $card->person() ] ) ? $this->pending[ $card->person() ]->last( 'status.set', 'status' ) : null;
		$html  = 'inactive' === $state ? Wcflow_Html::chip( $words['inactive'], 'wcflow-inactive' ) : esc_html( $words['active'] );
		if ( $next && $next !== $state && isset( $words[ $next ] ) ) {
			/* translators: %s: active or inactive */
			$html .= ' <em class="wcflow-meta">' . esc_html( sprintf( __( 'becoming %s', 'wcflow-companion' ), mb_strtolower( $words[ $next ] ) ) ) . '</em>';
		}
		return $html;
	}

	/**
	 * Say that there is nobody.
	 */
	public function no_items() {
		if ( array_diff_key( self::filters(), array_flip( array( 'orderby', 'order' ) ) ) ) {
			esc_html_e( 'No customers match. Clear the filters to see everyone.', 'wcflow-companion' );
		} else {
			esc_html_e( 'No customers yet. They appear when wcflow has synced this store for the first time.', 'wcflow-companion' );
		}
	}
}
